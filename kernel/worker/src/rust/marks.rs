//! Lines that evcxr's code prints for evcxr, taken out of what a cell shows.
