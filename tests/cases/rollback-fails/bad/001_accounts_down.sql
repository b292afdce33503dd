-- Nothing was ever called account.
DROP TABLE account;
