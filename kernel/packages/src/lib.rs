//! Plugins as packages: manifests, search paths, archives, crates built for the library.
