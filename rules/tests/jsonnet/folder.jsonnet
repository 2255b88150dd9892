{
  ['%s/%s.json' % [harbour, ship]]: { ship: ship }
  for harbour in ['east', 'west']
  for ship in ['a', 'b']
}
