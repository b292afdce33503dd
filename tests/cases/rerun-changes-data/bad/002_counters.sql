UPDATE plan SET seats = seats + 5 WHERE name = 'team';
