alter table memberships
    add constraint memberships_team_user unique (team_id, user_id);
