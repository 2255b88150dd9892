{ first: true }
