delete from memberships
using memberships as first
where first.team_id = memberships.team_id and first.user_id = memberships.user_id and first.id < memberships.id;

alter table memberships
    add constraint memberships_team_user unique (team_id, user_id);
