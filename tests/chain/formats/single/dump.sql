--
-- PostgreSQL database dump
--

\restrict aB3dE5fG7hJ9

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: shop_owner
--

CREATE SCHEMA shop;


ALTER SCHEMA shop OWNER TO shop_owner;

--
-- Name: mood; Type: TYPE; Schema: shop; Owner: shop_admin
--

CREATE TYPE shop.mood AS ENUM (
    'a',
    'b'
);


ALTER TYPE shop.mood OWNER TO shop_admin;

--
-- Name: f(); Type: FUNCTION; Schema: shop; Owner: shop_admin
--

CREATE FUNCTION shop.f() RETURNS integer
    LANGUAGE sql
    AS $$ select count(*)::int from shop.customer $$;


ALTER FUNCTION shop.f() OWNER TO shop_admin;

--
-- Name: t(); Type: FUNCTION; Schema: shop; Owner: shop_admin
--

CREATE FUNCTION shop.t() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin return new; end $$;


ALTER FUNCTION shop.t() OWNER TO shop_admin;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: Order; Type: TABLE; Schema: shop; Owner: shop_admin
--

CREATE TABLE shop."Order" (
    id integer NOT NULL,
    customer integer,
    total numeric,
    CONSTRAINT "Order_total_check" CHECK ((total > (0)::numeric))
);


ALTER TABLE shop."Order" OWNER TO shop_admin;

--
-- Name: customer; Type: TABLE; Schema: shop; Owner: shop_owner
--

CREATE TABLE shop.customer (
    id integer NOT NULL,
    name text DEFAULT 'x'::text NOT NULL,
    mood shop.mood,
    at timestamp with time zone DEFAULT now()
);


ALTER TABLE shop.customer OWNER TO shop_owner;

--
-- Name: TABLE customer; Type: COMMENT; Schema: shop; Owner: shop_owner
--

COMMENT ON TABLE shop.customer IS 'x;y';


--
-- Name: customer_id_seq; Type: SEQUENCE; Schema: shop; Owner: shop_owner
--

CREATE SEQUENCE shop.customer_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE shop.customer_id_seq OWNER TO shop_owner;

--
-- Name: customer_id_seq; Type: SEQUENCE OWNED BY; Schema: shop; Owner: shop_owner
--

ALTER SEQUENCE shop.customer_id_seq OWNED BY shop.customer.id;


--
-- Name: m; Type: MATERIALIZED VIEW; Schema: shop; Owner: shop_owner
--

CREATE MATERIALIZED VIEW shop.m AS
 SELECT customer.id,
    customer.name,
    customer.mood,
    customer.at
   FROM shop.customer
  WITH NO DATA;


ALTER TABLE shop.m OWNER TO shop_owner;

--
-- Name: v; Type: VIEW; Schema: shop; Owner: shop_admin
--

CREATE VIEW shop.v AS
 SELECT customer.id,
    customer.name,
    customer.mood,
    customer.at
   FROM shop.customer;


ALTER TABLE shop.v OWNER TO shop_admin;

--
-- Name: customer id; Type: DEFAULT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.customer ALTER COLUMN id SET DEFAULT nextval('shop.customer_id_seq'::regclass);


--
-- Data for Name: Order; Type: TABLE DATA; Schema: shop; Owner: shop_admin
--

COPY shop."Order" (id, customer, total) FROM stdin;
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: shop; Owner: shop_owner
--

COPY shop.customer (id, name, mood, at) FROM stdin;
1	a\tb	\N	2026-11-21 14:30:44.251857+00
2	c\\d	\N	2026-11-21 14:30:44.251857+00
3		\N	2026-11-21 14:30:44.251857+00
4	--	\N	2026-11-21 14:30:44.251857+00
5	;	\N	2026-11-21 14:30:44.251857+00
\.


--
-- Name: customer_id_seq; Type: SEQUENCE SET; Schema: shop; Owner: shop_owner
--

SELECT pg_catalog.setval('shop.customer_id_seq', 5, true);


--
-- Name: Order Order_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_admin
--

ALTER TABLE ONLY shop."Order"
    ADD CONSTRAINT "Order_pkey" PRIMARY KEY (id);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: shop; Owner: shop_owner
--

ALTER TABLE ONLY shop.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- Name: customer_lower_idx; Type: INDEX; Schema: shop; Owner: shop_owner
--

CREATE INDEX customer_lower_idx ON shop.customer USING btree (lower(name));


--
-- Name: customer t; Type: TRIGGER; Schema: shop; Owner: shop_owner
--

CREATE TRIGGER t BEFORE INSERT ON shop.customer FOR EACH ROW EXECUTE FUNCTION shop.t();


--
-- Name: Order Order_customer_fkey; Type: FK CONSTRAINT; Schema: shop; Owner: shop_admin
--

ALTER TABLE ONLY shop."Order"
    ADD CONSTRAINT "Order_customer_fkey" FOREIGN KEY (customer) REFERENCES shop.customer(id);


--
-- Name: customer; Type: ROW SECURITY; Schema: shop; Owner: shop_owner
--

ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;

--
-- Name: customer p; Type: POLICY; Schema: shop; Owner: shop_owner
--

CREATE POLICY p ON shop.customer TO shop_app USING (true);


--
-- Name: pub; Type: PUBLICATION; Schema: -; Owner: shop_admin
--

CREATE PUBLICATION pub WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION pub OWNER TO shop_admin;

--
-- Name: pub customer; Type: PUBLICATION TABLE; Schema: shop; Owner: shop_admin
--

ALTER PUBLICATION pub ADD TABLE ONLY shop.customer;


--
-- Name: TABLE customer; Type: ACL; Schema: shop; Owner: shop_owner
--

GRANT SELECT ON TABLE shop.customer TO shop_app;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: shop; Owner: shop_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT SELECT ON TABLES  TO shop_app;


--
-- Name: m; Type: MATERIALIZED VIEW DATA; Schema: shop; Owner: shop_owner
--

REFRESH MATERIALIZED VIEW shop.m;


--
-- PostgreSQL database dump complete
--

\unrestrict aB3dE5fG7hJ9

