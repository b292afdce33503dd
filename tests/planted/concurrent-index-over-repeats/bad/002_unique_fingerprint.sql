create unique index concurrently certificates_fingerprint on certificates (fingerprint);
