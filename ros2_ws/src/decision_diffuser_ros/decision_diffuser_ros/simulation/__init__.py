"""PyBullet robots and their scripted experts, as Gymnasium environments."""
