"""What LLVM code is built of: vectors, tiles of products in registers, exp."""
