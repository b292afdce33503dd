delete from certificates
using certificates as first
where first.fingerprint = certificates.fingerprint and first.id < certificates.id;

create unique index concurrently certificates_fingerprint on certificates (fingerprint);
