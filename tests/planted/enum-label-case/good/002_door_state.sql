create type door_state as enum ('open', 'shut');
alter table doors drop constraint doors_state_check;
update doors set state = lower(state) where state <> lower(state);
alter table doors alter column state type door_state using state::door_state;
