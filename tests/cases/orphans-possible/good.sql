CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id bigint NOT NULL REFERENCES companies (id) ON DELETE CASCADE
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint REFERENCES customers (id) ON DELETE SET NULL
);

-- Without a constraint, because it would lead to several tables.
CREATE TABLE notes (
    id integer PRIMARY KEY,
    customer_id bigint,
    customer_type text NOT NULL
);

-- Named so in the settings.
CREATE TABLE imports (id integer PRIMARY KEY, order_id bigint);
