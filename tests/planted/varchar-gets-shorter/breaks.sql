insert into articles values (1, null, 'an-article-with-a-very-long-title');
