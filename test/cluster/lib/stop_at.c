/* A server started with this preloaded stops where a file gets its name or loses it: while the file that STOP_AT names
 * exists, the process that is about to publish a file whose name stands in it says so by creating FILE.reached, and waits.
 * A number in it instead: before the process removes its file of that number, counted since the number was read first; a
 * name after a minus: before it removes a file of that name. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*link_function)(int, const char *, int, const char *, int);
typedef int (*unlink_function)(int, const char *, int);

static int read_wanted(const char *control, char *wanted, int size)
{
	FILE *file = fopen(control, "r");

	wanted[0] = '\0';
	if (file == NULL)
		return 0;
	if (fgets(wanted, size, file) == NULL)
		wanted[0] = '\0';
	fclose(file);
	return 1;
}

static void stop(const char *control)
{
	char reached[4096];

	snprintf(reached, sizeof(reached), "%s.reached", control);
	close(open(reached, O_CREAT | O_WRONLY, 0600));
	while (access(control, F_OK) == 0)
		usleep(10000);
}

int linkat(int old_directory, const char *old_name, int new_directory, const char *new_name, int flags)
{
	link_function next = (link_function) dlsym(RTLD_NEXT, "linkat");
	const char *control = getenv("STOP_AT");
	const char *slash = strrchr(new_name, '/');
	char wanted[256];

	if (control != NULL && read_wanted(control, wanted, sizeof(wanted)) &&
		strcmp(wanted, slash != NULL ? slash + 1 : new_name) == 0)
		stop(control);
	return next(old_directory, old_name, new_directory, new_name, flags);
}

int unlinkat(int directory, const char *name, int flags)
{
	static int removed = 0;
	unlink_function next = (unlink_function) dlsym(RTLD_NEXT, "unlinkat");
	const char *control = getenv("STOP_AT");
	char wanted[256];

	const char *slash = strrchr(name, '/');

	if (control != NULL && (flags & AT_REMOVEDIR) == 0 && read_wanted(control, wanted, sizeof(wanted)))
	{
		if (isdigit((unsigned char) wanted[0]) && ++removed == atoi(wanted))
			stop(control);
		if (wanted[0] == '-' && strcmp(wanted + 1, slash != NULL ? slash + 1 : name) == 0)
			stop(control);
	}
	return next(directory, name, flags);
}
