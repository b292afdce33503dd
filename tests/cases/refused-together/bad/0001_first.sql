INSERT INTO "users" ("id", "invited_by") VALUES (1, 1);
