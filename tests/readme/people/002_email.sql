create unique index people_email on people (lower(email));
