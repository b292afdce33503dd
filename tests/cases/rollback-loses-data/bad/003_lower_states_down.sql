SELECT 'the old words are not known any more';
