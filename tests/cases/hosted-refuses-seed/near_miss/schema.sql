CREATE TABLE public.notes (id int PRIMARY KEY, body text);
CREATE POLICY pictures ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'pictures');
ALTER TABLE public.notes OWNER TO postgres;
