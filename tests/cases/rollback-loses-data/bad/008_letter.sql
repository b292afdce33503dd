UPDATE letter SET r = 6;
