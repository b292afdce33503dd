insert into teams values (1, 'red');
insert into memberships (id, team_id, user_id) values
    (1, 1, '00000000-0000-0000-0000-000000000000'), (2, 1, '00000000-0000-0000-0000-000000000000');
