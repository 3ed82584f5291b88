// Options -> parts -> run: the one place where everything is put together.
int main() { return 0; }
