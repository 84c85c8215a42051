"""Further volumes of the patient on the planes of the case, and the volumes of a 4-D image."""
