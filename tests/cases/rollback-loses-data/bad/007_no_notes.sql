ALTER TABLE archive RENAME TO remarks;
