UPDATE accounts SET mail = lower(mail);
