//! candlewick-live-chart
