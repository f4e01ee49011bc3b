-- Draws of a specialty are found without reading all conditions: for 为什么没有抽到我.

CREATE INDEX draw_condition_specialty ON draw_condition (specialty);
