-- migrate-validate: irreversible: people asked for their nicknames to be deleted
ALTER TABLE people DROP COLUMN nickname;
