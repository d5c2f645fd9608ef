"""The data that comes along; `README.md` says where each file is from."""
