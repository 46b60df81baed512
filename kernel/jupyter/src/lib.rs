//! candlewick-jupyter
