-- A database that looks like an application: what a backup tool meets in practice, small enough to make in seconds.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE EXTENSION pg_trgm;
CREATE EXTENSION shop_settings; -- an extension with configuration tables

CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
CREATE TYPE order_state AS ENUM ('new', 'paid', 'shipped', 'returned');

CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    mail email NOT NULL UNIQUE,
    profile jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE product (
    sku text PRIMARY KEY,
    title text NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price >= 0),
    price_with_tax numeric GENERATED ALWAYS AS (price * 1.19) STORED,
    "odd ""column"" name" text
);
CREATE INDEX product_title_trgm ON product USING gin (title gin_trgm_ops);

CREATE TABLE orders (
    id bigint NOT NULL,
    customer_id bigint NOT NULL REFERENCES customer,
    state order_state NOT NULL,
    ordered_at timestamptz NOT NULL,
    PRIMARY KEY (id, ordered_at)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE order_line (
    order_id bigint NOT NULL,
    ordered_at timestamptz NOT NULL,
    line int NOT NULL,
    sku text NOT NULL REFERENCES product,
    quantity int NOT NULL,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id, ordered_at) REFERENCES orders (id, ordered_at)
);
-- The big one: 300 MB, so that progress can be seen.
CREATE TABLE event (
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    customer_id bigint,
    kind text NOT NULL,
    payload jsonb NOT NULL
);
CREATE TABLE manual (title text PRIMARY KEY, scan oid);

INSERT INTO customer (name, mail, profile, created_at)
SELECT 'Customer ' || n, 'c' || n || '@example.com',
       jsonb_build_object('language', (ARRAY['de', 'en', 'fr'])[n % 3 + 1], 'tags', jsonb_build_array(n % 7, n % 11)),
       timestamptz '2025-01-01 00:00+00' + n * interval '7 minutes'
FROM generate_series(1, 20000) n;
INSERT INTO product (sku, title, price, "odd ""column"" name")
SELECT 'SKU-' || n, 'Product number ' || n || ' with a	tab and a \backslash', (n % 900) + 0.99, 'line one' || E'\n' || 'line two'
FROM generate_series(1, 5000) n;
INSERT INTO orders
SELECT n, n % 20000 + 1, (enum_range(NULL::order_state))[n % 4 + 1], timestamptz '2025-03-01 00:00+00' + n * interval '4 minutes'
FROM generate_series(1, 200000) n;
INSERT INTO order_line
SELECT o.id, o.ordered_at, l, 'SKU-' || (o.id * l % 5000 + 1), l
FROM orders o, generate_series(1, 2) l;
INSERT INTO event
SELECT n, timestamptz '2026-01-01 00:00+00' + n * interval '10 seconds', n % 20000 + 1,
       (ARRAY['view', 'click', 'cart', 'buy'])[n % 4 + 1],
       jsonb_build_object('page', '/products/' || n % 5000, 'ms', n % 977, 'agent', 'Mozilla/5.0 (X11; Linux x86_64) ' || md5(n::text),
                          'referrer', 'https://example.com/' || md5((n * 7)::text))
FROM generate_series(1, 1200000) n;
CREATE UNIQUE INDEX event_id ON event (id);
INSERT INTO manual
SELECT 'Manual ' || n, lo_from_bytea(0, decode(repeat(md5(n::text), 2000), 'hex')) FROM generate_series(1, 20) n;

INSERT INTO shop_settings.setting_group VALUES ('mail');
INSERT INTO shop_settings.setting VALUES ('currency', 'EUR', 'general'), ('sender', 'shop@example.com', 'mail');

CREATE VIEW open_order AS SELECT * FROM orders WHERE state IN ('new', 'paid');
CREATE MATERIALIZED VIEW revenue AS
SELECT p.sku, sum(l.quantity * p.price) AS amount FROM order_line l JOIN product p USING (sku) GROUP BY p.sku;
CREATE UNIQUE INDEX revenue_sku ON revenue (sku);
CREATE FUNCTION order_total(o bigint) RETURNS numeric LANGUAGE sql STABLE AS
$$ SELECT sum(l.quantity * p.price) FROM shop.order_line l JOIN shop.product p USING (sku) WHERE l.order_id = o $$;
ANALYZE;
