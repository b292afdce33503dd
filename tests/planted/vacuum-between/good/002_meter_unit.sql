alter table meters add column unit text;
update meters set unit = case kind when 'water' then 'm3' else 'kWh' end;
vacuum meters;
alter table meters alter column unit set not null;
