alter table members add column phone phone;
