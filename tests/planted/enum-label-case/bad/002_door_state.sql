create type door_state as enum ('open', 'shut');
alter table doors drop constraint doors_state_check;
alter table doors alter column state type door_state using state::door_state;
