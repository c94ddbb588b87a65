"""Speed, measured as ratios against baselines of the same run. `bin/bench` runs it; the product never imports it."""
