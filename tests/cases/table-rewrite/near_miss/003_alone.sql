vacuum (full off) orders;
cluster;
