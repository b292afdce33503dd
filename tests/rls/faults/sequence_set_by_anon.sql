-- schema: organizations
-- found: anonymous-write public.invoice_numbers
-- warned: cross-tenant-write public.receipt_numbers
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM anon, authenticated;
CREATE SEQUENCE public.invoice_numbers;
CREATE SEQUENCE public.receipt_numbers;
GRANT UPDATE ON SEQUENCE public.invoice_numbers TO anon;
GRANT ALL ON SEQUENCE public.receipt_numbers TO authenticated;
