// Of two folders that have the file, the last one counts.
(import 'twice.libsonnet').last
