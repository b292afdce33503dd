alter table vouchers add column long_code text;
update vouchers set long_code = code;
update vouchers set code = left(code, 8)
where not exists (
    select from vouchers as other where left(other.code, 8) = left(vouchers.code, 8) and other.id <> vouchers.id
);
