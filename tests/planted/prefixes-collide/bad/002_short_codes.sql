alter table vouchers add column long_code text;
update vouchers set long_code = code;
update vouchers set code = left(code, 8);
