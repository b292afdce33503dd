delete from publishers where closed;
