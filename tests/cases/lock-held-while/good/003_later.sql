update orders set paid = state = 'paid';
