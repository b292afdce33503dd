ALTER TABLE archive RENAME TO notes;
