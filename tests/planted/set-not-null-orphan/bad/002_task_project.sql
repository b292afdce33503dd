alter table tasks add column project_id uuid references projects (id);
update tasks set project_id = projects.id from projects where projects.code = tasks.project_code;
alter table tasks alter column project_id set not null;
create index tasks_project on tasks (project_id);
