{ last: true }
