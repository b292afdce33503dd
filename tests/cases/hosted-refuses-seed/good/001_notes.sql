CREATE TABLE public.notes (id int PRIMARY KEY, owner uuid REFERENCES auth.users (id));
