INSERT INTO auth.users (id, email) VALUES ('11111111-1111-1111-1111-111111111111', 'a@example.org');
INSERT INTO public.notes (id, owner) VALUES (1, '11111111-1111-1111-1111-111111111111');
INSERT INTO storage.buckets (id, name) VALUES ('pictures', 'pictures');
