insert into tasks (project_code, title) values ('gone', 'Clean up');
