create table projects (
    id uuid primary key default gen_random_uuid(),
    code text not null unique,
    name text not null
);
create table tasks (
    id uuid primary key default gen_random_uuid(),
    project_code text not null,
    title text not null
);
