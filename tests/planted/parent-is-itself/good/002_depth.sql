alter table categories add column depth integer;
with recursive tree as (
    select id, 0 as depth from categories where parent_id is null
    union all
    select child.id, tree.depth + 1 from categories as child join tree on child.parent_id = tree.id
)
update categories set depth = tree.depth from tree where tree.id = categories.id;
update categories set depth = 0 where depth is null;
alter table categories alter column depth set not null;
