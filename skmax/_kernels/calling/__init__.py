"""How kernels are called: as plain C, with one record of arguments, wherever their code is from."""
